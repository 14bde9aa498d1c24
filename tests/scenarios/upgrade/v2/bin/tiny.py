import tiny

print("tiny", tiny.VERSION)
