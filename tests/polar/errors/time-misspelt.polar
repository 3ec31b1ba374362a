allow(_: User, "read", doc: Doc) if doc.until > @current_time;
