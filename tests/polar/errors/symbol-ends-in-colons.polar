allow(_: app::, "read", _: Repo);
