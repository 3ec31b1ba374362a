#: nobody edit public
allow(user: User, "edit", post: Post) if
  post.author = user;

allow("root", "edit", _);

allow(_, "list", "posts");
