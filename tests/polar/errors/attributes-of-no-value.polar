allow(user: User, "read", repo: Repo) if date.today() > repo.id and user.id = 1;
allow(user: User, "write", repo: Repo) if rep.is_public and user.id = 1;
allow(user: User, "fork", repo: Repo) if usr.name = repo.name and user.id = 1;
