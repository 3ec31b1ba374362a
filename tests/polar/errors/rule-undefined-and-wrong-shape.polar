allow(actor, "read", _: Repo) if is_admin(actor);
allow_request(_: User) if 1 = 1;
allow_field(_: User, "read", repo: Repo, name) if name in repo.fields and is_open(repo);
