"""Tell clients apart by their addresses.

Alone, as gunicorn's settings need it before they may import the metrics: these look for their folder when imported.
"""

import ipaddress


def client_of(address: str) -> str:
    """Tell clients apart: by address, in IPv6 by the network of 64 bits that one household has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed  # so they arrive where both are listened to
    return str(parsed if parsed.version == 4 else ipaddress.ip_network((parsed, 64), strict=False))
