# SPDX-License-Identifier: Apache-2.0
"""Which machine a host is, as far as its name or its address says."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def is_loopback(host: str) -> bool:
    """Say whether *host* is this machine by name, or by an address."""
    address = address_of(host)
    if address is None:
        return f".{host.rstrip('.')}".endswith(".localhost")
    return address.is_loopback


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that *host* is, None if it is a name."""
    try:
        address = ip_address(host.rstrip("."))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
