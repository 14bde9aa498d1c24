"""With the extra alone."""

import nothing_such


def main():
    print(nothing_such)
