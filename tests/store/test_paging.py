from offhook.store.paging import Page, PageRequest


def test_a_page_knows_where_it_starts_and_whether_another_follows():
    page = Page(rows=["a"] * 10, total=25, request=PageRequest(number=1, size=10))
    assert (page.start, page.more) == (10, True)
    assert not Page(rows=["a"] * 5, total=25, request=PageRequest(number=2, size=10)).more
    assert not Page(rows=[], total=0, request=PageRequest()).more
