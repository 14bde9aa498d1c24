from django.db import models


class Entry(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting"
        SHOWN = "shown"
        REFUSED = "refused"

    name = models.CharField(max_length=40)
    text = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING, db_index=True)
    written = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-written"]
