import hashlib

from offhook.security.digest import ha1, ha1_of_every_algorithm


def test_the_example_of_rfc_7616_gives_its_published_response():
    """RFC 7616 section 3.9.1: user Mufasa, both algorithms, qop=auth."""
    realm, nonce = "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    wanted = {
        "MD5": "8ca523f5e9506fed4657c9700eebdbec",
        "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    }
    for algorithm, response in wanted.items():
        hasher = hashlib.md5 if algorithm == "MD5" else hashlib.sha256
        kept = ha1("Mufasa", realm, "Circle of Life", algorithm)
        ha2 = hasher(b"GET:/dir/index.html").hexdigest()
        assert hasher(f"{kept}:{nonce}:00000001:{cnonce}:auth:{ha2}".encode()).hexdigest() == response


def test_a_row_keeps_one_hash_per_algorithm():
    kept = ha1_of_every_algorithm("alice", "example.org", "påss")
    assert {name: len(value) for name, value in kept.items()} == {"MD5": 32, "SHA-256": 64}
