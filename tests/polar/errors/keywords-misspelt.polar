allow(user: User, "read", repo: Repo) if user = repo.owner adn repo.is_public;
allow(user: User, "write", _: Repo) if user mathces User;
allow(user: User, "list", repo: Repo) if user = repo.owner аnd repo.is_public;
allow(user: User, "fork", repo: Repo) іf user = repo.owner;
