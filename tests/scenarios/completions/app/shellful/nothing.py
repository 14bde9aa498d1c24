"""Made with nothing; it would say so if it was run."""


def main():
    raise SystemExit("I was run")
