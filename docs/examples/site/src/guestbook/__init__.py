"""A guestbook: visitors write, a worker looks at it, the page shows it."""
