"""Mirrors and proxies of a site: candidates, what a candidate is, and whether it lives.

Duty: find names that may lead to the same site, say with proof what each one is, and follow it.
Must not be in here: a likeness taken for a proof of who runs a page, and names or pages in anything that is exported.
"""
