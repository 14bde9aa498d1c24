"""Facts for people: description, changelog, licences and copyright; how a format spells them is its own business."""
