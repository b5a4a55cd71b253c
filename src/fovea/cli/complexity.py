"""``fovea complexity``."""

import click

from fovea.cli.failures import needs_extra
from fovea.cli.options import Name, debug_option
from fovea.cli.streams import print_result


@click.command()
@click.argument("architecture", type=Name())
@debug_option
def complexity(architecture: str) -> None:
    """Count what a network multiplies.

    Prints thousands of multiply-accumulates (kMAC) per pixel to encode and to decode, by step. Needs the extra train.
    """
    with needs_extra("train"):
        from fovea.networks import ARCHITECTURES
        from fovea.networks.complexity import decoding, encoding, multiply_accumulates
    if architecture not in ARCHITECTURES:
        raise click.UsageError(f"unknown architecture {architecture!r}: choose {', '.join(ARCHITECTURES)}")
    counts = multiply_accumulates(ARCHITECTURES[architecture])

    encoded, decoded = encoding(counts), decoding(counts)

    def shown(steps: dict[str, float], step: str) -> str:
        return f"{steps[step] / 1000:.3f}" if step in steps else "-"

    def total(steps: dict[str, float]) -> str:
        return f"{sum(steps.values()) / 1000:.3f}"

    rows = [(step.replace("_", "-"), shown(encoded, step), shown(decoded, step)) for step in counts]
    for row in [("kMAC/pixel", "encode", "decode"), *rows, ("total", total(encoded), total(decoded))]:
        print_result("{:16}{:>10}{:>10}".format(*row))
