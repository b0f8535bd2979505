"""A simulated ISP on this machine: namespaces, servers and censors for the demonstration and the tests."""
