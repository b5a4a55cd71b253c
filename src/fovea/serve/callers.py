"""The names of callers, so that what is limited can be shared between them."""

from ipaddress import IPv6Address, IPv6Network, ip_address


def caller_of(host: str) -> str:
    """Return the name of the caller at an address.

    The name is the address, or the first 64 bits of an IPv6 address, because one host has all addresses that begin with
    these bits.

    Args:
        host: IP address, or any other text, which is returned as it is.

    Example:
        >>> [caller_of(host) for host in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1:0:0:7", "")]
        ['192.0.2.7', '192.0.2.7', '2001:db8::/64', '']
    """
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))
