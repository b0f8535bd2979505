"""Tests of the formats of other people, and of what is kept out of them."""
