"""Small ICC profiles, built from the fields of the ICC.1:2001 specification."""

import struct

# sRGB primaries adapted to D50, as XYZ of red, green and blue.
RED, GREEN, BLUE = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)
D50 = (0.9642, 1.0, 0.8249)


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def _description(text: str) -> bytes:
    ascii_text = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_text)) + ascii_text + bytes(4 + 4 + 2 + 1 + 67)


def _profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _description("Test profile"), b"wtpt": _xyz(*D50), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    header = bytes(8) + b"\x02\x20\0\0" + device + space + connection + bytes(12) + b"acsp" + bytes(28)
    header += _fixed(*D50) + bytes(48)
    header = struct.pack(">I", len(header) + len(table) + len(body)) + header[4:]
    return header + table + body


def _rgb(curve: bytes) -> bytes:
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    primaries = {b"rXYZ": _xyz(*RED), b"gXYZ": _xyz(*GREEN), b"bXYZ": _xyz(*BLUE)}
    return _profile(b"mntr", b"RGB ", b"XYZ ", curves | primaries)


def linear_rgb() -> bytes:
    """sRGB's primaries with linear light: the sample 128 stands for the sRGB sample 188."""
    return _rgb(_gamma(1.0))


def srgb_of_no_name() -> bytes:
    """SRGB with its curve as a table, as many editors write it, under a name that tells nothing."""
    levels = [level / 1023 for level in range(1024)]
    light = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in levels]
    return _rgb(b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *(round(x * 65535) for x in light)))


def linear_gray() -> bytes:
    """Gray in linear light."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _gamma(1.0)})


def pale_cmyk() -> bytes:
    """A press whose every ink only grays: no ink is white, each ink takes 20 of the lightness L* = 100."""
    inputs, grid, outputs = 4, 2, 3
    ramp = bytes(range(256))
    corners = b""
    for corner in range(grid**inputs):
        corners += bytes([round((100 - 20 * corner.bit_count()) * 2.55), 128, 128])
    table = b"mft1\0\0\0\0" + bytes([inputs, outputs, grid, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += ramp * inputs + corners + ramp * outputs
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})
