allow(user: User, "read", repo: Repo) if owner(user, of: repo);
owner(_, _);
