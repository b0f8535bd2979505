"""Tests of the judge: pure, so they need no network, real or simulated."""
