defmodule Y
