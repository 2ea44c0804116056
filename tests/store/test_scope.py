from offhook.store.calls import CallRow
from offhook.store.scope import Scope
from tests.support.databases import CHILD


def test_a_scope_is_one_account_or_the_tree_below_it():
    assert str(Scope(account_sid=CHILD).covers(CallRow.account_sid)) == "calls.account_sid = :account_sid_1"
    tree = str(Scope(account_sid=CHILD, subaccounts=True).covers(CallRow.account_sid))
    assert "calls.account_sid IN" in tree
    assert "parent_account_sid" in tree
