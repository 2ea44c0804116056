"""What passed on the wire, for people and tools: ladders, pictures of them, pcap, HEP. Plain data and codecs, no I/O."""
