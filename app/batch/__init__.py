"""Folders of pairs: find them, compare each of them somewhere, write one report."""
