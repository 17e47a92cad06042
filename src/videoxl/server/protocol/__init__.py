"""Bodies and answers as they go over the wire, checked at the door: an unknown field is an error, not a surprise."""
