"""Find how *after* lies over *before*, and lay it there."""
