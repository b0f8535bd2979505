"""Tests of the model: pure, without a network."""
