"""The store: what it keeps, what it says when it cannot, and what it makes of damage."""
