"""What each verb of the command line does beyond building; argv and exit codes are the business of ``cli``."""
