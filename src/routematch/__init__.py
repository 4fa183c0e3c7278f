"""Pair every waiting conversation with the best available agent, jointly, exactly, and say why."""
