"""The REST API, under /api: what programs do in an agent's place, by the same operations as everybody."""
