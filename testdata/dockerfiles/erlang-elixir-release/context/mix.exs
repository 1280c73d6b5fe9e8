defmodule X
