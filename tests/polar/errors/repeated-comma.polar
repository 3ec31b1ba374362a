allow(_: User, action, _: Repo) if action in ["read",, "write"];
