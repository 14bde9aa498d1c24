from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from guestbook.models import Entry


class Command(BaseCommand):
    help = "Delete entries that were refused some time ago."

    def handle(self, *args, **options):
        before = timezone.now() - timedelta(days=settings.KEEP_DAYS)
        count, _ = Entry.objects.filter(state=Entry.State.REFUSED, written__lte=before).delete()
        self.stdout.write(f"deleted {count} refused entries")
