"""For Windows."""

import winreg


def main():
    print(winreg)
