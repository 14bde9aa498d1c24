"""What two packages differ in, as typed findings; one comparison for every way of showing it."""
