"""Who is where while rows are placed one by one: plain lists, because single steps dominate."""

from __future__ import annotations

from routematch.solvers.network import Network

__all__ = ["Placement"]


class Placement:
    """The rows in each cell, and the moves that a chain of displacements makes.

    Attributes
    ----------
    pair, cell : list of int
        Pair and cell of each row, -1 where it is held.
    members : list of list of int
        Rows in each cell, without those in the further cells of the same agent.
    load : list of int
        Units in use of each agent.
    """

    __slots__ = ("cell", "load", "members", "pair")

    def __init__(self, network: Network) -> None:
        self.pair = [-1] * network.rows
        self.cell = [-1] * network.rows
        self.members: list[list[int]] = [[] for _ in range(len(network.owner))]
        self.load = [0] * network.agents

    def enter(self, row: int, cell: int, pair: int) -> None:
        """Put a row into a cell; the load of the agent is not changed."""
        self.pair[row], self.cell[row] = pair, cell
        self.members[cell].append(row)

    def leave(self, row: int) -> int:
        """Take a row out of its cell and return that; the load of the agent is not changed."""
        cell = self.cell[row]
        self.members[cell].remove(row)
        self.pair[row] = self.cell[row] = -1
        return cell

    def shift(self, row: int, end: int, held: int, reached: dict[int, tuple[int, int]]) -> None:
        """Move every row of a chain one place on, from its end back to the row it begins with.

        Parameters
        ----------
        row : int
            The row that enters.
        end : int
            Agent whose next unit the chain takes; -1 when it ends by holding a row.
        held : int
            That row.
        reached : dict
            For each cell of the chain the row that moves in and its pair, or -1 and the cell or agent it is reached
            from without moving a row.
        """
        if end >= 0:
            self.load[end] += 1
            cell = end
        elif held == row:
            return
        else:
            cell = self.leave(held)
        while True:
            mover, through = reached[cell]
            if mover < 0:
                cell = through
                continue
            before = self.leave(mover) if mover != row else -1
            self.enter(mover, cell, through)
            if mover == row:
                return
            cell = before
