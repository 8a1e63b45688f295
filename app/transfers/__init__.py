"""Transfers of members' relations (组织关系转接)."""
