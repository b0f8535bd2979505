"""Tests of `blockprobe.net`: real sockets on loopback and in namespaces."""
