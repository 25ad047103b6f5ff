"""Pairs without noise, screenshots and renders: recognise them, and judge every unequal pixel."""
