"""Tests of the program as its users run it: arguments in, text and exit status out."""
