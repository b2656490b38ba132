"""What other services tell us by themselves: Google of new mail, mail services of what became of ours."""
