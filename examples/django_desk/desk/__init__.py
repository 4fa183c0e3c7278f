"""A help desk whose conversations are routed by routematch."""
