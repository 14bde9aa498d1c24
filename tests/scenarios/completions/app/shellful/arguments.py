"""Made with argparse and argcomplete."""  # PYTHON_ARGCOMPLETE_OK

import argparse

import argcomplete


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["buy", "bury"])
    argcomplete.autocomplete(parser)
    print(parser.parse_args().what)
