"""The page with the graph of resource blocks as a drawing."""

from __future__ import annotations

from ..block_graph import block_graph
from ..graph_layout import draw
from ..page import Page, Visit


def show_graph(visit: Visit) -> Page:
    """Show the graph as a drawing."""
    graph = block_graph(visit.oso.engine.policy)
    drawing = draw(graph) if graph.blocks else None
    return Page("graph", "Graph", {"drawing": drawing, "grants": graph.grants})
