"""Templates, and the quoting of each syntax they are written in; the only place that knows jinja2."""
