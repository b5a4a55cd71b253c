"""The count of multiplications, against counts by hand."""

from dataclasses import replace

import pytest

pytest.importorskip("torch")

from fovea.networks import ARCHITECTURES, NetworkConfig, decoding, encoding, multiply_accumulates

BARE = NetworkConfig(wide=24, wide_blocks=0, deep=16, deep_blocks=0, latent=8, hyper=4, prior=8)


def test_without_blocks():
    """Stem: 192 samples to 24 channels at 1/8; then 4*24 to 16 and 16 to 8 channels at 1/16."""
    counts = multiply_accumulates(BARE)
    assert counts["analysis"] == pytest.approx(192 * 24 / 64 + (4 * 24 * 16 + 16 * 8) / 256, abs=0.1)
    assert counts["synthesis"] == pytest.approx(counts["analysis"]), "the mirror"


@pytest.mark.parametrize(("field", "channels", "positions"), [("wide_blocks", 24, 64), ("deep_blocks", 16, 256)])
def test_one_block(field, channels, positions):
    """A 3x3 depthwise filter, then matrices C to C, C to 2C and 2C to C."""
    block = (9 * channels + 5 * channels**2) / positions
    with_block = multiply_accumulates(replace(BARE, **{field: 1}))
    for step in ("analysis", "synthesis"):
        assert with_block[step] - multiply_accumulates(BARE)[step] == pytest.approx(block)


@pytest.mark.parametrize(
    ("name", "encoder", "decoder"),
    [("base", 12_000, 12_000), ("light-encoder", 5_000, 9_000), ("large", 80_000, 80_000)],
)
def test_architectures_keep_their_promise(name, encoder, decoder):
    counts = multiply_accumulates(ARCHITECTURES[name])
    assert all(count > 0 for count in counts.values())
    assert sum(encoding(counts).values()) <= encoder
    assert sum(decoding(counts).values()) <= decoder
    assert encoding(counts).keys() | decoding(counts).keys() == counts.keys()


def test_four_steps_are_counted_in_encoder_and_decoder():
    counts = multiply_accumulates(replace(BARE, mean_steps=4))
    contexts = {f"context{number}" for number in (1, 2, 3)}
    assert contexts < encoding(counts).keys() and contexts < decoding(counts).keys()
    # At 1/32: 8 channels of the latent come in and go out, and a block of 8 channels.
    assert counts["context1"] == pytest.approx((8 * 8 + 8 * 8 + 9 * 8 + 5 * 8**2) / 1024)
