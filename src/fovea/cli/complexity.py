"""The verb ``fovea complexity``."""

import click

from fovea.cli.failures import needs_extra
from fovea.cli.options import Name, debug_option
from fovea.cli.streams import print_result
from fovea.errors import ModelError
from fovea.store import load_model


@click.command()
@click.argument("network", metavar="MODEL|ARCHITECTURE", type=Name())
@debug_option
def complexity(network: str) -> None:
    """Count what a network multiplies.

    Takes the name, the path or the id of a model, or the name of an architecture. Prints thousands of
    multiply-accumulates (kMAC) per pixel to encode and to decode, by step. Needs the extra train.
    """
    with needs_extra("train"):
        from pydantic import TypeAdapter, ValidationError

        from fovea.networks import ARCHITECTURES, NetworkConfig, decoding, encoding, multiply_accumulates

    if network in ARCHITECTURES:
        config = ARCHITECTURES[network]
    else:
        try:
            model = load_model(network)
        except ModelError as error:
            if error.path is not None:
                raise
            raise click.UsageError(f"{error}. Architectures: {', '.join(ARCHITECTURES)}") from error
        try:
            config = TypeAdapter(NetworkConfig).validate_python(model.card["config"]["architecture"])
        except (KeyError, TypeError, ValidationError) as error:
            raise ModelError("the card of this model does not tell its architecture", path=network) from error
    counts = multiply_accumulates(config)
    encode, decode = encoding(counts), decoding(counts)
    width = max(map(len, counts)) + 2
    print_result(f"{'kMAC/pixel':{width}}{'encode':>10}{'decode':>10}")
    for step in counts:
        cells = (f"{side[step] / 1000:.3f}" if step in side else "-" for side in (encode, decode))
        print_result(f"{step.replace('_', '-'):{width}}" + "".join(f"{cell:>10}" for cell in cells))
    totals = (f"{sum(side.values()) / 1000:.3f}" for side in (encode, decode))
    print_result(f"{'total':{width}}" + "".join(f"{total:>10}" for total in totals))
