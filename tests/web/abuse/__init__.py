"""What somebody might try on the web server, each with the answer it must get."""
