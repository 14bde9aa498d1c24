"""Three commands."""


def main():
    print("unasked 1.0")
