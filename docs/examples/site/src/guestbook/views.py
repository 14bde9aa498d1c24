from importlib.metadata import version

from django import forms
from django.conf import settings
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from guestbook.models import Entry

VERSION = version("guestbook")


class EntryForm(forms.ModelForm):
    class Meta:
        model = Entry
        fields = ["name", "text"]


def book(request):
    form = EntryForm(request.POST or None)
    if form.is_valid():
        form.save()
        return redirect("/?thanks")
    shown = Entry.objects.filter(state=Entry.State.SHOWN)[:50]
    page = {"title": settings.TITLE, "form": form, "entries": shown, "thanks": "thanks" in request.GET}
    return render(request, "guestbook/book.html", page)


@require_safe
def health(request):
    """Tell the version, once the database has answered."""
    return JsonResponse({"version": VERSION, "entries": Entry.objects.count()})
