"""The one stateful class: events in, plans and offers out."""
