"""The only sockets of signalling: UDP, TCP, names, and the driver that feeds the endpoint from them."""
