"""Which address the client may call."""

import ipaddress
from collections.abc import Collection

import httpx


def check_base_url(base_url: str, allowed_hosts: Collection[str]) -> httpx.URL:
    """The parsed URL, with a path that ends in a slash.

    `allowed_hosts` are names as `api.example.com` or, with a port, `127.0.0.1:8081`; a name
    without a port allows the scheme's own port only. Raises ValueError for any other host, for
    plain http to anything but this machine, and for user, query or fragment in the URL.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ValueError(f"`{base_url}` is not a URL") from error
    if url.userinfo or url.query or url.fragment:
        raise ValueError("the provider's URL may carry no user, query or fragment")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise ValueError(f"`{base_url}` must be https; plain http is for this machine only")
    place = url.host if url.port is None else f"{url.host}:{url.port}"
    if place not in {host.lower() for host in allowed_hosts}:
        raise ValueError(f"`{place}` is not among the hosts that may be called")
    return url.copy_with(path=url.path.rstrip("/") + "/")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
