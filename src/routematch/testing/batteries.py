"""What every rule and every term must hold to, as checks that run over any member."""
